"""Addresses of the foundation's own pages."""

from django.urls import path

from cms.views import accounts, files, guides, imports, jobs, search, workspace

app_name = "cms"

urlpatterns = [
    path("tai-khoan/dang-nhap/", accounts.SignIn.as_view(), name="login"),
    path("tai-khoan/dang-xuat/", accounts.SignOut.as_view(), name="logout"),
    path("tai-khoan/mat-khau/", accounts.ChangePassword.as_view(), name="password_change"),
    path("tai-khoan/mat-khau/xong/", accounts.PasswordChanged.as_view(), name="password_change_done"),
    path("lam-viec/", workspace.home, name="workspace"),
    path("lam-viec/tac-vu/", jobs.job_list, name="jobs"),
    path("lam-viec/tac-vu/<int:pk>/", jobs.job_page, name="job"),
    path("lam-viec/tac-vu/<int:pk>/chay-lai/", jobs.job_retry, name="job_retry"),
    path("lam-viec/nhap-du-lieu/", imports.kinds, name="imports"),
    path("lam-viec/nhap-du-lieu/<slug:kind>/", imports.start, name="import_start"),
    path("lam-viec/nhap-du-lieu/<slug:kind>/mau.xlsx", imports.template_file, name="import_template"),
    path("lam-viec/nhap-du-lieu/<slug:kind>/<int:pk>/", imports.preview, name="import_preview"),
    path("lam-viec/nhap-du-lieu/<slug:kind>/<int:pk>/loi.xlsx", imports.problems_file, name="import_problems"),
    path("lam-viec/nhap-du-lieu/<slug:kind>/<int:pk>/thuc-hien/", imports.apply, name="import_apply"),
    path("lam-viec/huong-dan/", guides.guide_list, name="guides"),
    path("lam-viec/huong-dan/<slug:slug>/", guides.guide_page, name="guide"),
    path("lam-viec/huong-dan/anh/<str:name>", guides.guide_picture, name="guide_picture"),
    path("tim-kiem/", search.search, name="search"),
    path("files/<uuid:uid>/", files.download, name="file"),
]
